// POST /operations/{operation_id}/retry
// Reads API_URL, API_TOKEN, OPERATION_ID.
const { API_URL, API_TOKEN, OPERATION_ID } = process.env;

const response = await fetch(`${API_URL}/operations/${OPERATION_ID}/retry`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
