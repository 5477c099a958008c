// Uploads one file with tus-js-client or Uppy as a program of somebody else would.
// argv: a JSON object {client, endpoint, token, file, options, state, dieAfter, pieces}
import { createReadStream, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import * as tus from "tus-js-client";

const wanted = JSON.parse(process.argv[2]);
const headers = { Authorization: `Bearer ${wanted.token}` };
const metadata = { filename: path.basename(wanted.file), officer: "360701", ...wanted.metadata };
const size = statSync(wanted.file).size;
let recording = null;

const watch = {
  onAfterResponse: (_request, response) => {
    recording = response.getHeader("Zhenglu-Recording") ?? recording;
  },
  onProgress: (sent) => {
    if (wanted.dieAfter !== undefined && sent >= wanted.dieAfter) process.kill(process.pid, "SIGKILL");
  },
};

function done(url) {
  console.log(JSON.stringify({ url, recording }));
}

if (wanted.client === "tus-js-client") {
  // A file has a length, so one that is to be declared last is read as a pipe.
  const file = createReadStream(wanted.file);
  const source = wanted.options?.uploadLengthDeferred ? file.pipe(new PassThrough()) : file;
  const upload = new tus.Upload(source, {
    endpoint: wanted.endpoint,
    uploadUrl: wanted.uploadUrl,
    headers,
    metadata,
    uploadSize: wanted.options?.uploadLengthDeferred || wanted.options?.parallelUploads ? undefined : size,
    retryDelays: [200, 400, 800, ...Array(40).fill(1500)],
    urlStorage: wanted.state ? new tus.FileUrlStorage(wanted.state) : undefined,
    storeFingerprintForResuming: Boolean(wanted.state),
    ...watch,
    ...wanted.options,
    onError: (error) => {
      console.error(String(error));
      process.exit(1);
    },
    onSuccess: () => done(upload.url),
  });
  const known = wanted.state ? await upload.findPreviousUploads() : [];
  if (known.length) upload.resumeFromPreviousUpload(known[0]);
  upload.start();
} else {
  const { default: Uppy } = await import("@uppy/core");
  const { default: Tus } = await import("@uppy/tus");
  const uppy = new Uppy().use(Tus, { endpoint: wanted.endpoint, headers, ...watch, ...wanted.options });
  uppy.addFile({
    name: metadata.filename,
    type: "video/mp4",
    data: readFileSync(wanted.file), // a File in browsers; tus-js-client takes buffers in Node
    meta: metadata,
  });
  const result = await uppy.upload();
  if (result.failed.length) {
    console.error(JSON.stringify(result.failed.map((file) => String(file.error))));
    process.exit(1);
  }
  done(result.successful[0].uploadURL);
}
