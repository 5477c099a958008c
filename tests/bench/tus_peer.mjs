// @tus/server with its file store, answering a PATCH only once its bytes are on the disk, as this program does.
// argv: folder port
import { open } from "node:fs/promises";
import path from "node:path";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [folder, port] = process.argv.slice(2);

async function sync(name) {
  const handle = await open(name, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class DurableFileStore extends FileStore {
  async create(upload) {
    const made = await super.create(upload);
    await sync(this.directory);
    return made;
  }

  async write(readable, id, offset) {
    const reached = await super.write(readable, id, offset);
    await sync(path.join(this.directory, id));
    return reached;
  }
}

const server = new Server({ path: "/files", datastore: new DurableFileStore({ directory: folder }) });
server.listen({ host: "127.0.0.1", port: Number(port) }, () => console.log("listening"));
