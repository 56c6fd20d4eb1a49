// Starts Swagger UI on the documents that the page names. Everything comes from this server: no outside validator.
const page = document.getElementById('docs')

window.ui = SwaggerUIBundle({
  domNode: page,
  urls: JSON.parse(page.dataset.documents),
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'none',
  displayRequestDuration: true,
  filter: true,
})
