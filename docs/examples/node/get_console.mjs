// GET /console
// Reads API_URL.
const { API_URL } = process.env;

const response = await fetch(`${API_URL}/console`, {
  method: "GET",
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
