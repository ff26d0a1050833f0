//! The gateway's table against the routes that the services declare: what is public leads to its service and nowhere else, and nothing else gets in.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { accountRoles, mayPass } from '../../contracts/roles.ts'
import { type Echo, openDoor, startEcho, type TestDoor, tokenFor } from '../../gateway/fixture.ts'
import { type GatewayRoute, routes, upstreamNames } from '../../gateway/routes.ts'
import { pagePaths } from '../../runtime/http/pages.ts'
import { doorOf, findGrpcMethods, findRoutes, type ServiceRoute } from '../../tools/generate/routes.ts'

setDefaultTimeout(60_000)

/**
 * What the API promises and no service has yet. A group is there as a whole or not at all: with the first of its routes
 * that a service declares, all of them have to lead somewhere.
 */
const notBuilt: Readonly<Record<string, readonly string[]>> = {
  'forgotten passwords': ['accounts POST /api/v1/password/forgot', 'accounts POST /api/v1/password/reset'],
  'payments by providers': [
    'billing POST /api/v1/payments/create',
    'billing POST /api/v1/payments/callback',
    'billing POST /api/v1/payments/callback/{}',
    'billing POST /api/v1/payments/liqpay/callback',
    'billing POST /api/v1/payments/mono/callback',
    'billing POST /payments/liqpay/callback',
    'billing POST /payments/mono/callback',
    'billing GET /api/v1/payments/{}/status',
    'billing POST /api/v1/payments/{}/refund',
  ],
  'shipments by carriers': ['delivery POST /api/v1/shipments'],
  invoices: ['loms GET /api/v1/orders/{}/invoice'],
  returns: ['loms GET /api/v1/orders/{}/returns', 'loms POST /api/v1/orders/{}/returns'],
  'promo codes': [
    'loms POST /api/v1/promo/validate',
    'loms POST /api/v1/promo/apply',
    'loms GET /api/v1/promo',
    'loms POST /api/v1/promo',
  ],
}

/** A stream of events is answered by other means than an operation, and is in no list of routes. */
const besideTheLists = ['notifier GET /api/v1/notifications/stream']

/** Without the names of what stands in a path. */
const shapeOf = (path: string) => path.replaceAll(/:\w+/g, '{}')
const nameOf = ({ service, method, path }: Pick<ServiceRoute, 'service' | 'method' | 'path'>) =>
  `${service} ${method} ${shapeOf(path)}`
const rowName = ({ upstream, method, path }: GatewayRoute) => nameOf({ service: upstream, method, path })

const declared = await findRoutes()
const open = declared.filter((route) => doorOf(route) === 'public')
const inner = declared.filter((route) => doorOf(route) !== 'public')
const rows = new Map(routes.map((row) => [rowName(row), row]))

describe('the table', () => {
  test('has every public route of every service', () => {
    expect(open.map(nameOf).filter((name) => !rows.has(name))).toEqual([])
  })

  test('leads nowhere but to routes of services, and to what is not built yet', () => {
    const names = new Set(open.map(nameOf))
    const awaited = Object.values(notBuilt).filter((group) => !group.some((name) => names.has(name)))
    const leadingNowhere = [...rows.keys()].filter((name) => !names.has(name))
    const known = [...awaited.flat(), ...besideTheLists]
    expect(leadingNowhere.filter((name) => !known.includes(name))).toEqual([])
  })

  test('awaits nothing that it does not have', () => {
    const awaited = Object.values(notBuilt).flat()
    expect(awaited.filter((name) => !rows.has(name))).toEqual([])
  })

  test('has no row of a path that a service keeps to itself', () => {
    const names = new Set(inner.map(nameOf))
    expect([...rows.keys()].filter((name) => names.has(name))).toEqual([])
  })
})

describe('through the door', () => {
  const callers = ['nobody', ...accountRoles] as const
  type CallerName = (typeof callers)[number]
  const marker = 'x-asked-by-test'
  let echoes: readonly Echo[]
  let door: TestDoor
  let bearers: ReadonlyMap<CallerName, Record<string, string>>

  beforeAll(async () => {
    echoes = upstreamNames.map((name) => startEcho(name))
    const upstreams = Object.fromEntries(upstreamNames.map((name, at) => [name, echoes[at]?.url ?? '']))
    door = openDoor({ upstreams, env: { GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0' } })
    const tokens = await Promise.all(
      accountRoles.map(
        async (role) => [role, { authorization: `Bearer ${await tokenFor(7, role)}` }] as const,
      ),
    )
    bearers = new Map<CallerName, Record<string, string>>([['nobody', {}], ...tokens])
  })
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    for (const echo of echoes) await echo[Symbol.asyncDispose]()
  })

  /** What is answered, and what has reached a service of all that this test asked. */
  async function ask(method: string, path: string, caller: CallerName) {
    for (const { arrived } of echoes) arrived.length = 0
    const response = await door.ask(method, path, { headers: { ...bearers.get(caller), [marker]: 'yes' } })
    const text = await response.text()
    const arrived = echoes
      .flatMap((echo) => echo.arrived)
      // The gateway itself asks the services for their documents.
      .filter(({ headers }) => headers[marker] !== undefined)
      .map(({ service, method, target }) => `${service} ${method} ${target}`)
    return { status: response.status, text, arrived }
  }

  const placed = (path: string) => path.replaceAll(/:\w+/g, '7')

  test('every public route is asked of its own service, by whom that lets in, nobody else and nobody less', async () => {
    for (const { service, method, path, guard } of open) {
      for (const caller of callers) {
        // `user` and `service` take anybody on loopback, and mean accounts all the same.
        const isLetIn = caller === 'nobody' ? guard === 'open' : mayPass(caller, guard)
        const { status, arrived } = await ask(method, placed(path), caller)
        const wanted = isLetIn ? [`${service} ${method} ${placed(path)}`] : []
        const refused = caller === 'nobody' ? 401 : 403
        expect({ caller, status, arrived }).toEqual({
          caller,
          status: isLetIn ? 200 : refused,
          arrived: wanted,
        })
      }
    }
    expect(open.length).toBeGreaterThan(40)
  })

  test('what a service keeps to itself is not there: not by any method, not for an admin', async () => {
    expect(inner.map(nameOf)).toContain('loms POST /order/create')
    expect(inner.map(nameOf)).toContain('billing POST /internal/api/v1/payment')
    const known = new Set(routes.map(({ path }) => shapeOf(path)))
    for (const { path } of inner) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
        expect(known.has(shapeOf(path))).toBe(false)
        expect(await ask(method, placed(path), 'admin')).toMatchObject({ status: 404, arrived: [] })
      }
    }
  })

  test('neither are the calls over gRPC', async () => {
    for (const { name } of await findGrpcMethods()) {
      expect(await ask('POST', `/${name}`, 'admin')).toMatchObject({ status: 404, arrived: [] })
    }
  })

  test('pages are the gateway’s own, and no service’s', async () => {
    for (const path of [...pagePaths, '/swagger/swagger-ui.css', '/swagger/swagger-ui-bundle.js']) {
      const { status, arrived, text } = await ask('GET', path, 'admin')
      expect({ path, status, arrived }).toEqual({ path, status: 200, arrived: [] })
      // The stand-ins answer what they were sent.
      expect(text).not.toContain('"service":')
      for (const name of upstreamNames)
        expect(await ask('GET', `/${name}${path}`, 'admin')).toMatchObject({ status: 404, arrived: [] })
    }
    expect((await ask('GET', '/metrics', 'admin')).text).toContain('gateway_upstream_requests_total')
  })
})
