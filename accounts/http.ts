//! accounts over HTTP: the table of routes, by what they are about.
import { createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import type { Doors } from './http/doors.ts'
import { insideRoutes } from './http/inside.ts'
import { profileRoutes } from './http/profiles.ts'
import { sessionRoutes } from './http/sessions.ts'
import { signInRoutes } from './http/sign-ins.ts'

export type { Doors } from './http/doors.ts'

export function http(deps: Deps, httpDeps: HttpDeps, doors: Doors): Http {
  const app = createHttp(httpDeps)
  profileRoutes(app, deps)
  sessionRoutes(app, deps, doors)
  signInRoutes(app, deps, doors)
  insideRoutes(app, deps, httpDeps)
  return app
}
