// Everything the demo page does. No request leaves it, so that it works without a network and under a strict policy.

const $ = (selector) => document.querySelector(selector);

function report(element, text) {
  element.textContent = text;
  element.classList.add("done");
}

// ---- sign up ----

$("#signup").addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(event.target);
  const files = data.getAll("picture").filter((file) => file.name).map((file) => `${file.name} (${file.size} bytes)`);
  const parts = [`Welcome, ${data.get("name")}!`, `Plan: ${data.get("plan")}.`];
  if (data.get("country")) parts.push(`Country: ${data.get("country")}.`);
  if (data.get("arrival")) parts.push(`Arrival: ${data.get("arrival")}.`);
  if (data.get("message")) parts.push(`Message: ${data.get("message")}`);
  if (files.length) parts.push(`Files: ${files.join(", ")}.`);
  parts.push(data.get("terms") ? "Terms accepted." : "Terms not accepted.");
  report($("#signup-result"), parts.join(" "));
});

$("#signup").addEventListener("reset", () => {
  $("#signup-result").textContent = "";
  $("#signup-result").classList.remove("done");
});

// ---- wait ----

$("#slow").addEventListener("click", (event) => {
  const button = event.target;
  button.disabled = true;
  button.textContent = "Loading…";
  setTimeout(() => {
    button.disabled = false;
    button.textContent = "Load answer again";
    report($("#slow-result"), "The answer is 42.");
  }, 600);
});

// ---- list ----

$("#add").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = event.target.elements.item;
  const item = document.createElement("li");
  item.textContent = input.value;
  $("#items").append(item);
  item.scrollIntoView({ block: "nearest" });
  input.value = "";
  input.focus();
  const count = $("#items").children.length;
  $("#count").textContent = count === 1 ? "1 item" : `${count} items`;
});

// ---- animation ----

const flock = Array.from({ length: 24 }, (_, n) => ({ offset: n * 0.61, height: 18 + ((n * 37) % 84), speed: 40 + ((n * 53) % 70) }));
let flyingSince = null;

function draw(seconds) {
  const canvas = $("#sky");
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = getComputedStyle(canvas).color;
  pen.lineWidth = 2;
  for (const bird of flock) {
    const x = ((bird.offset * 90 + seconds * bird.speed) % (canvas.width + 40)) - 20;
    const y = bird.height + 5 * Math.sin(seconds * 2 + bird.offset);
    const wing = 5 * Math.sin(seconds * 9 + bird.offset * 5);
    pen.beginPath();
    pen.moveTo(x - 9, y - wing);
    pen.quadraticCurveTo(x - 3, y - 3, x, y);
    pen.quadraticCurveTo(x + 3, y - 3, x + 9, y - wing);
    pen.stroke();
  }
}

function tick(now) {
  if (flyingSince === null) return;
  draw((now - flyingSince) / 1000);
  requestAnimationFrame(tick);
}

$("#fly").addEventListener("click", (event) => {
  const start = flyingSince === null;
  flyingSince = start ? performance.now() : null;
  event.target.setAttribute("aria-pressed", String(start));
  event.target.textContent = start ? "Stop animation" : "Start animation";
  if (start) requestAnimationFrame(tick);
});

draw(0);

// ---- dialogs ----

const dialogs = {
  alert: () => (alert("The rooks are back."), "Alert closed."),
  confirm: () => (confirm("Mend the nest?") ? "Confirmed." : "Declined."),
  prompt: () => {
    const answer = prompt("What is the rook called?", "Corvus");
    return answer === null ? "No name given." : `Its name is ${answer}.`;
  },
};

for (const button of document.querySelectorAll("[data-dialog]")) {
  button.addEventListener("click", () => report($("#dialog-result"), dialogs[button.dataset.dialog]()));
}

// ---- drag and drop ----

$("#twig").addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", "twig"));
$("#nest").addEventListener("dragover", (event) => event.preventDefault());
$("#nest").addEventListener("drop", (event) => {
  event.preventDefault();
  event.target.textContent = `a ${event.dataTransfer.getData("text/plain")} is in the nest`;
  event.target.classList.add("full");
});

// ---- a widget with a shadow root ----

class RookCounter extends HTMLElement {
  connectedCallback() {
    const label = this.getAttribute("label");
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      :host { display: flex; gap: .6rem; align-items: center; }
      button { width: 2.4rem; height: 2.4rem; border-radius: 9px; border: 1px solid var(--line); background: var(--ground);
               color: var(--accent); font: inherit; font-size: 1.2rem; cursor: pointer; }
      output { min-width: 2rem; text-align: center; font-weight: 600; }
    `);
    root.adoptedStyleSheets = [sheet];
    const less = this.button("−", `Fewer ${label}`, -1);
    const more = this.button("+", `More ${label}`, 1);
    this.output = document.createElement("output");
    this.output.setAttribute("aria-label", label);
    this.output.textContent = "0";
    root.append(less, this.output, more);
  }

  button(text, name, step) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => {
      this.output.textContent = String(Number(this.output.textContent) + step);
    });
    return button;
  }
}

customElements.define("rook-counter", RookCounter);
