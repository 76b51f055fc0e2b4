// GET /docs/{asset}
// Reads API_URL.
const { API_URL } = process.env;

const response = await fetch(`${API_URL}/docs/docs.js`, {
  method: "GET",
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
