// PATCH /provider-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID.
const { API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID } = process.env;

const response = await fetch(`${API_URL}/provider-configurations/${PROVIDER_CONFIGURATION_ID}`, {
  method: "PATCH",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Content-Type": "application/json",
    "Org-Handle": ORG_HANDLE,
    "Product-ID": PRODUCT_ID,
  },
  body: JSON.stringify({
    "name": "Spare account",
  }),
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
