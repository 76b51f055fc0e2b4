// GET /openapi.json
// Reads API_URL.
const { API_URL } = process.env;

const response = await fetch(`${API_URL}/openapi.json`, {
  method: "GET",
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
