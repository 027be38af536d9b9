const form = document.querySelector("#subscribe");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  document.querySelector("#subscribed").textContent = `Subscribed: ${new FormData(form).get("address")}`;
});
