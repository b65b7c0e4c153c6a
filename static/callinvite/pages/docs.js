/** Shows the OpenAPI document to people, in the page that has loaded Swagger UI. Not a module: Swagger UI is none. */

(() => {
  /** @typedef {{headers: Record<string, string>}} SwaggerRequest */
  const { SwaggerUIBundle } = /** @type {{SwaggerUIBundle: (options: object) => void}} */ (
    /** @type {unknown} */ (globalThis)
  );
  const place = /** @type {HTMLElement} */ (document.getElementById("swagger-ui"));
  const { schema, csrfHeader = "", csrfToken = "" } = place.dataset;

  SwaggerUIBundle({
    url: schema,
    domNode: place,
    deepLinking: true,
    requestInterceptor(/** @type {SwaggerRequest} */ request) {
      request.headers[csrfHeader] = csrfToken;
      return request;
    },
  });
})();
