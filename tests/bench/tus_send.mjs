// Sends one file with tus-js-client and prints how long it took and when it was answered (milliseconds since 1970).
// argv: a JSON object {endpoint, token, file}
import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import * as tus from "tus-js-client";

const { endpoint, token, file } = JSON.parse(process.argv[2]);
const size = statSync(file).size;
let recording = null;
const started = performance.now();
const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  headers: token ? { Authorization: `Bearer ${token}` } : {},
  metadata: { filename: path.basename(file) },
  uploadSize: size,
  retryDelays: null,
  onAfterResponse: (_request, response) => {
    recording = response.getHeader("Zhenglu-Recording") ?? recording;
  },
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => {
    const seconds = (performance.now() - started) / 1000;
    console.log(JSON.stringify({ seconds, answeredAt: Date.now(), recording, url: upload.url }));
  },
});
upload.start();
