// Starts Swagger UI on the page of the API: the address of the schema stands on the element, nothing is inline.
"use strict";
(() => {
  const place = document.getElementById("swagger-ui");
  const csrf = place.dataset.csrf;
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    requestInterceptor: (request) => {
      if (!request.headers.Authorization) request.headers["X-CSRFToken"] = csrf;
      return request;
    },
  });
})();
