// What was dropped on the page: files, and folders with all that is in them, but for what no camera makes.

export type Found = { file: File; where: string };
// Patterns of whole names, as service/footage/uploads/left_out.py has them.
export type Rules = Record<"folders" | "files" | "indexes" | "copies" | "videos" | "pictures", string>;

// `unread`: what the browser could not read; nobody knows what is in it.
export type Dropped = { files: Found[]; leftOut: string[]; unread: string[] };

export async function foundIn(transfer: DataTransfer, rules: Rules): Promise<Dropped> {
  const all: Dropped = { files: [], leftOut: [], unread: [] };
  // Before the first pause: afterwards the browser has forgotten them.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  for (const { entry, file } of dropped) {
    if (entry?.isDirectory) await look(entry as FileSystemDirectoryEntry, rules, all);
    else if (file) all.files.push({ file, where: "" });
  }
  return all;
}

async function look(folder: FileSystemDirectoryEntry, rules: Rules, all: Dropped): Promise<void> {
  const is = (pattern: string, name: string) => new RegExp(`^(?:${pattern})$`, "is").test(name);
  const where = folder.fullPath.slice(1);
  if (is(rules.folders, folder.name) || folder.name.startsWith(".")) {
    all.leftOut.push(where);
    return;
  }
  let inside: FileSystemEntry[];
  try {
    inside = (await everything(folder)).sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch {
    all.unread.push(where);
    return;
  }
  const videos = new Set(inside.filter((one) => one.isFile && is(rules.videos, one.name)).map((one) => stem(one.name)));
  for (const one of inside) {
    if (one.isDirectory) await look(one as FileSystemDirectoryEntry, rules, all);
    else if (
      one.name.startsWith(".") ||
      is(rules.files, one.name) ||
      is(rules.indexes, one.name) ||
      is(rules.pictures, one.name) ||
      (is(rules.copies, one.name) && videos.has(stem(one.name)))
    ) {
      all.leftOut.push(one.fullPath.slice(1));
    } else {
      try {
        all.files.push({ file: await opened(one as FileSystemFileEntry), where: one.fullPath.slice(1) });
      } catch {
        all.unread.push(one.fullPath.slice(1));
      }
    }
  }
}

async function everything(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((found, failed) => reader.readEntries(found, failed));
    if (!some.length) return all;
    all.push(...some);
  }
}

function opened(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((found, failed) => entry.file(found, failed));
}

function stem(name: string): string {
  return name.replace(/\.[^.]*$/, "").toLowerCase().replace(/^g[a-z](\d{6})$/, "g$1");
}
