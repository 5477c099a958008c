// Worker: SHA-256 of a file in pieces, because WebCrypto can only digest what fits into memory.
import { createSHA256 } from "hash-wasm";

export type Asked = { id: number; file: File };
export type Told = { id: number; done: number } | { id: number; sha256: string } | { id: number; error: string };

const PIECE = 4 * 1024 * 1024;

// One file after the other: two at once would only make the disk seek.
let queue: Promise<void> = Promise.resolve();

self.addEventListener("message", (event: MessageEvent<Asked>) => {
  const { id, file } = event.data;
  queue = queue.then(() => hash(id, file)).catch((error) => tell({ id, error: String(error) }));
});

function tell(message: Told): void {
  (self as unknown as Worker).postMessage(message);
}

async function hash(id: number, file: File): Promise<void> {
  const sha = await createSHA256();
  for (let at = 0; at < file.size; at += PIECE) {
    const piece = await file.slice(at, at + PIECE).arrayBuffer();
    sha.update(new Uint8Array(piece));
    tell({ id, done: Math.min(at + PIECE, file.size) });
  }
  tell({ id, sha256: sha.digest("hex") });
}
