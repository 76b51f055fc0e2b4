// DELETE /assistants/{assistant_id}
// Reads API_URL, API_TOKEN, ASSISTANT_ID.
const { API_URL, API_TOKEN, ASSISTANT_ID } = process.env;

const response = await fetch(`${API_URL}/assistants/${ASSISTANT_ID}`, {
  method: "DELETE",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
