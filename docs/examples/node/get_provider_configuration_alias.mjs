// GET /providers-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID.
const { API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID } = process.env;

const response = await fetch(`${API_URL}/providers-configurations/${PROVIDER_CONFIGURATION_ID}`, {
  method: "GET",
  headers: {
    "Authorization": `Bearer ${API_TOKEN}`,
    "Org-Handle": ORG_HANDLE,
    "Product-ID": PRODUCT_ID,
  },
});
console.log(await response.text());
process.exitCode = response.ok ? 0 : 1;
