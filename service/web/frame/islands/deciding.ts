// Lists that are worked through by keyboard: j k and arrows move, Enter opens, 1–3 confirm an offer, x rejects the
// first one, z takes the last decision back. Every key presses a button that stands in the page.
export {};

const list = document.querySelector<HTMLElement>("[data-deciding]");
const said = document.querySelector<HTMLElement>("#said");
const decided: string[] = [];

const rows = (): HTMLElement[] => [...(list?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
const here = (): HTMLElement | undefined => {
  const row = (document.activeElement as HTMLElement | null)?.closest<HTMLElement>("[data-row]");
  return row && list?.contains(row) ? row : undefined;
};

function go(row: HTMLElement | null | undefined): void {
  if (!row) return;
  for (const other of rows()) other.tabIndex = other === row ? 0 : -1;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function step(by: number): void {
  const all = rows();
  const now = here();
  go(now ? all[Math.min(all.length - 1, Math.max(0, all.indexOf(now) + by))] : all[0]);
}

function press(row: HTMLElement | null | undefined, form: string): boolean {
  const button = row?.querySelector<HTMLButtonElement>(`form[data-key="${form}"] button`);
  if (!row || !button || button.disabled) return false;
  button.disabled = true;
  button.form?.requestSubmit();
  return true;
}

function undo(): boolean {
  const id = [...decided].reverse().find((one) => document.getElementById(one)?.querySelector('[data-key="z"]'));
  const row = here()?.querySelector('[data-key="z"]') ? here() : id ? document.getElementById(id) : null;
  return press(row, "z");
}

// On a phone the tabs are a strip that is wider than the window.
function showTab(): void {
  document.querySelector("#list-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

const KEYS: Record<string, () => boolean | void> = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  Enter: () => here()?.querySelector<HTMLAnchorElement>("a[data-open]")?.click(),
  x: () => press(here(), "x"),
  z: undo,
};
for (const n of ["1", "2", "3"]) KEYS[n] = () => press(here(), n);

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (!list || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (target.closest("input, select, textarea, dialog[open]")) return;
  if (["Enter", "ArrowDown", "ArrowUp"].includes(event.key) && target !== here()) return;
  const act = KEYS[event.key];
  if (!act) return;
  if (event.key.startsWith("Arrow") || event.key === "Enter") event.preventDefault();
  act();
});

// A row that was answered anew says what was done, and keeps the place.
document.addEventListener("htmx:after:swap", () => {
  showTab();
  for (const row of list?.querySelectorAll<HTMLElement>("[data-said]") ?? []) {
    if (!row.dataset.said) continue;
    if (said) said.textContent = row.dataset.said;
    if (row.querySelector('[data-key="z"]')) decided.push(row.id);
    delete row.dataset.said;
    go(row);
  }
});

showTab();
// Where the page is there to be worked through, the first row is ready; elsewhere Tab comes to it.
if (list?.dataset.deciding === "now") go(rows()[0]);
else if (rows()[0]) rows()[0].tabIndex = 0;
