/**
 * Styles for /docs, added to those of Swagger UI. They hide the choice of servers, because there is only one. They show each error in one
 * line of the table, because all errors have the same body (schema Problem).
 */
export const DOCS_PAGE_STYLE = `
.swagger-ui .topbar { display: none; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .scheme-container { padding: 16px 0; }
.swagger-ui .scheme-container .schemes .schemes-server-container { display: none; }
.swagger-ui .scheme-container .schemes .auth-wrapper { margin-left: auto; }
.swagger-ui .response:has(option[value="application/problem+json"]:only-child)
  :is(.response-controls, .model-example, .headers-wrapper) { display: none; }
.swagger-ui .response .renderedMarkdown p { margin: 0; }
.swagger-ui .response-col_links { display: none; }
.swagger-ui .renderedMarkdown code { color: inherit; overflow-wrap: anywhere; }
.swagger-ui .opblock-summary-path { overflow-wrap: anywhere; }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 12px; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; }
  .swagger-ui .opblock-tag small { flex: 1 0 100%; order: 1; padding: 4px 0 0; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .response-controls { flex-direction: column; }
  .swagger-ui .opblock-body select { width: 100%; min-width: 0; margin-right: 0; }
  .swagger-ui .responses-inner { padding: 12px; }
  .swagger-ui .responses-table .response-col_status { padding-right: 8px; min-width: 0; }
  .swagger-ui table.headers td.header-col { padding: 4px 8px 4px 0; }
}
`;
