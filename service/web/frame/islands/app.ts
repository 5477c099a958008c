// On every page: htmx with the CSRF token, one dialog for confirmations, copy buttons, filters that submit.
import "htmx.org";

type Asking = CustomEvent<{ ctx: { confirm?: string }; issueRequest: () => void; dropRequest: () => void }>;
type Configuring = CustomEvent<{ ctx: { request: { headers: Record<string, string>; method: string } } }>;

const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", (event) => {
  (event as Configuring).detail.ctx.request.headers["X-CSRF-Token"] = token;
});

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = (event as Asking).detail;
  const dialog = document.querySelector<HTMLDialogElement>("#ask");
  if (!ctx.confirm || !dialog) return;
  event.preventDefault();
  dialog.querySelector("#ask-text")!.textContent = ctx.confirm;
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? issueRequest() : dropRequest()), {
    once: true,
  });
  dialog.showModal();
});

document.addEventListener("click", async (event) => {
  const target = event.target as Element;
  const copy = target.closest<HTMLElement>("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy ?? "");
    copy.classList.add("done");
    setTimeout(() => copy.classList.remove("done"), 1200);
  }
  if (target.closest("[data-print]")) window.print();
  const menu = document.querySelector<HTMLDetailsElement>(".tabs details[open]");
  if (menu && !menu.contains(target)) menu.open = false;
});

document.addEventListener("change", (event) => {
  const select = (event.target as Element).closest<HTMLSelectElement>("select[data-submit]");
  select?.form?.requestSubmit();
});

// Filters stand open where there is room (data-unfold: from which width on), and folded where there is none.
function unfold(): void {
  for (const panel of document.querySelectorAll<HTMLDetailsElement>("details[data-unfold]"))
    if (matchMedia(`(min-width: ${panel.dataset.unfold}px)`).matches) panel.open = true;
}
unfold();
document.addEventListener("htmx:after:swap", unfold);
