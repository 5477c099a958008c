// Bundles islands and styles into service/web/frame/static/dist under hashed names, with a manifest.json
// {"app.js": "app-XXXX.js", …, "icons": [names]} that service/web/frame/rendering.py reads.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const frame = dirname(fileURLToPath(import.meta.url));
const web = dirname(frame);
const service = dirname(web);
const lucide = join(web, "../../node_modules/lucide-static/icons");
const out = join(frame, "static/dist");

async function sources(folder, ending) {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

// Icons are named as icon("x") in templates, icon: "x" or icon="x" in words, wherever in the service they stand,
// and islands.
async function iconNames() {
  const files = [
    ...(await sources(web, ".html")),
    ...(await sources(join(frame, "islands"), ".ts")),
    ...(await sources(service, ".py")),
  ];
  const names = new Set();
  for (const file of files) {
    const text = await readFile(file, "utf8");
    for (const match of text.matchAll(/\bicon(?:\(|=|: )\s*["']([a-z0-9-]+)["']/g)) names.add(match[1]);
  }
  return [...names].sort();
}

async function iconSprite(names) {
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(join(lucide, `${name}.svg`), "utf8").catch(() => {
        throw new Error(`lucide has no icon named "${name}"`);
      });
      const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const result = await esbuild.build({
  entryPoints: ["app", "uploader", "hashing", "player", "segments", "deciding"]
    .map((name) => join(frame, `islands/${name}.ts`))
    .concat(["main", "axis", "coverage", "player", "print"].map((name) => join(frame, `styles/${name}.css`))),
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome105", "firefox110", "safari16"],
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

const manifest = {};
for (const [file, about] of Object.entries(result.metafile.outputs)) {
  if (!about.entryPoint) continue;
  const source = about.entryPoint.split("/").pop().replace(/\.ts$/, ".js");
  manifest[source] = file.split("/").pop();
}

const icons = await iconNames();
const sprite = await iconSprite(icons);
const digest = createHash("sha256").update(sprite).digest("hex").slice(0, 8);
manifest["icons.svg"] = `icons-${digest}.svg`;
await writeFile(join(out, manifest["icons.svg"]), sprite);

const mark = await readFile(join(frame, "styles/mark.svg"), "utf8");
manifest["mark.svg"] = `mark-${createHash("sha256").update(mark).digest("hex").slice(0, 8)}.svg`;
await writeFile(join(out, manifest["mark.svg"]), mark);

manifest.icons = icons;
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
for (const [file, about] of Object.entries(result.metafile.outputs)) {
  if (about.entryPoint) console.log(`${(about.bytes / 1000).toFixed(1).padStart(8)} kB  ${file.split("/").pop()}`);
}
