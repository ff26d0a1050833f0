//! Finds the route of a method and path: by exact segments, of which a literal one always wins.
import type { GatewayRoute } from './routes.ts'

export type Found =
  | { readonly kind: 'found'; readonly route: GatewayRoute }
  /** The path is known, and takes other methods: for `Allow`. */
  | { readonly kind: 'other_methods'; readonly route: GatewayRoute; readonly methods: readonly string[] }
  | { readonly kind: 'unknown' }

type Node = {
  readonly literals: Map<string, Node>
  named: Node | undefined
  readonly routes: Map<string, GatewayRoute>
}

// What needs no escape and cannot be read as anything else. Nothing that we serve has other letters in its path, so what
// could mean two things to two readers (%2f, %2e, ;, \, //, a slash at the end) means nothing here.
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.~-]{1,128})+$/
const pathMaxLetters = 1024
const unknown: Found = { kind: 'unknown' }

/** HEAD is asked of what answers GET, unless that answer does not end. */
export function routeFinder(routes: readonly GatewayRoute[]): (method: string, path: string) => Found {
  const root = node()
  for (const route of routes) add(root, route)

  return (method, path) => {
    if (path.length > pathMaxLetters || !plainPath.test(path)) return unknown
    const leaf = leafOf(root, path)
    if (leaf === undefined || leaf.routes.size === 0) return unknown
    const route = leaf.routes.get(method === 'HEAD' ? 'GET' : method)
    if (route !== undefined && (method !== 'HEAD' || hasHead(route))) return { kind: 'found', route }
    const [other] = leaf.routes.values()
    return other === undefined ? unknown : { kind: 'other_methods', route: other, methods: methodsOf(leaf) }
  }
}

const node = (): Node => ({ literals: new Map(), named: undefined, routes: new Map() })

function add(root: Node, route: GatewayRoute): void {
  let at = root
  for (const segment of route.path.slice(1).split('/')) {
    if (segment.startsWith(':')) {
      at.named ??= node()
      at = at.named
    } else {
      const next = at.literals.get(segment) ?? node()
      at.literals.set(segment, next)
      at = next
    }
  }
  if (at.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`)
  at.routes.set(route.method, route)
}

/** Without a way back: `order/sent` is never an order called "sent", whatever is asked of it. */
function leafOf(root: Node, path: string): Node | undefined {
  let at: Node | undefined = root
  let start = 1
  while (at !== undefined) {
    const end = path.indexOf('/', start)
    const segment = end === -1 ? path.slice(start) : path.slice(start, end)
    at = at.literals.get(segment) ?? at.named
    if (end === -1) return at
    start = end + 1
  }
  return undefined
}

function methodsOf({ routes }: Node): string[] {
  const methods = [...routes.values()].flatMap((route) =>
    hasHead(route) ? [route.method, 'HEAD'] : [route.method],
  )
  return [...methods, 'OPTIONS']
}

/** Of a stream there is nothing to say before it begins, and whoever asks would not listen. */
const hasHead = ({ method, kind }: GatewayRoute): boolean => method === 'GET' && kind !== 'stream'
