// Takes the tracking code from behind "#" of the link on a receipt. That part of an address never
// reaches a server; it is taken out of the address bar as well.
const found = /^#code=([0-9A-Za-z-]{12,20})$/.exec(location.hash);
const field = document.querySelector("form[data-code-form] input[name=code]");
if (found && field) {
  field.value = found[1];
  history.replaceState(null, "", location.pathname);
  document.querySelector("form[data-code-form] input[name=digits]")?.focus();
}
