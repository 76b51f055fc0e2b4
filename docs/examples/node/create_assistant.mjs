// POST /assistants
// Reads API_URL, API_TOKEN, ULTRAVOX_AGENT_ID.
const { API_URL, API_TOKEN, ULTRAVOX_AGENT_ID } = process.env;

const response = await fetch(`${API_URL}/assistants`, {
  method: "POST",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    "name": "Front desk",
    "ultravox_agent_id": ULTRAVOX_AGENT_ID,
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
