//! What Swagger UI at the public door runs besides: it proves that a change comes from our page, as any page of the shop has to.
import { csrfCookie } from './cookies.ts'

export const pageScript = `
;(() => {
  const original = window.SwaggerUIBundle
  const token = () => /(?:^|; )${csrfCookie}=([^;]*)/.exec(document.cookie)?.[1]
  const requestInterceptor = (request) => {
    const isOurs = new URL(request.url, location.href).origin === location.origin
    if (isOurs && token()) request.headers['X-CSRF-Token'] = token()
    return request
  }
  window.SwaggerUIBundle = Object.assign((options) => original({ ...options, requestInterceptor }), original)
})()
`
