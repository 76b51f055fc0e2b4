// GET /assistants
// Reads API_URL, API_TOKEN.
const { API_URL, API_TOKEN } = process.env;

const response = await fetch(`${API_URL}/assistants`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
