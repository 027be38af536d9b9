// The live view is an element of its own, which other products embed too: it comes from /view.js.

let loading: Promise<void> | undefined;

const PATIENCE_MS = 10_000;

/** Loads the element; rejected where this server has none. */
export function loadView(): Promise<void> {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.type = "module";
    script.src = "/view.js";
    const give = (why: string) => {
      script.remove();
      // The next page that shows a session tries again.
      loading = undefined;
      failed(new Error(why));
    };
    const timer = setTimeout(() => give("the live view does not load"), PATIENCE_MS);
    script.onerror = () => {
      clearTimeout(timer);
      give("this server has no live view");
    };
    void customElements.whenDefined("rookery-view").then(() => {
      clearTimeout(timer);
      done();
    });
    document.head.append(script);
  });
  return loading;
}
