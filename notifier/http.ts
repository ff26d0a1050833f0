//! notifier over HTTP: inside the network what a customer was told about orders, and for customers everything that they are told.
import { FormatRegistry, Type } from '@sinclair/typebox'
import { ok } from '../contracts/errors.ts'
import { rpcStatus } from '../contracts/order-status.ts'
import { listOf, listReply, pageOf, pageQuery } from '../contracts/rest.ts'
import { Int64Schema, int64ToJson, userIdOf } from '../contracts/scalars.ts'
import { type Instant, parseRfc3339, toRfc3339 } from '../contracts/time.ts'
import { accountBehind, createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import { type ListenDeps, listenPath, listenRoute, notListening } from './listen-route.ts'
import { documentWith } from './openapi.ts'
import { getHistory, noticesMax } from './operations/get-history.ts'
import { noticePage } from './store/notices.ts'
import { Notification, notificationOf } from './views.ts'

// JSON Schema's date-time is RFC 3339; TypeBox itself knows no formats.
FormatRegistry.Set('date-time', (text) => parseRfc3339(text) !== undefined)

const Moment = (description: string) => Type.String({ format: 'date-time', maxLength: 64, description })

const Message = Type.Object({
  order_id: Int64Schema,
  user_id: Int64Schema,
  status: Type.String({ description: 'awaiting payment, payed, failed or cancelled' }),
  message: Type.String(),
  moment: Moment('When the order changed, in UTC.'),
})

export function http(deps: ListenDeps, httpDeps: HttpDeps): Http {
  const app: Http = createHttp({ ...httpDeps, document: () => documentWith(app) })

  app.post('/history', {
    summary: 'What a customer was told about their orders',
    description: `Newest first, and at most the newest ${noticesMax}: narrow the time to see what came before them.`,
    tags: ['notices'],
    guard: 'service',
    body: Type.Object(
      {
        user: Int64Schema,
        from: Type.Optional(Moment('RFC 3339, inclusive. Without it, from the first notice.')),
        to: Type.Optional(Moment('RFC 3339, exclusive. Without it, to the last notice.')),
      },
      { examples: [{ user: 1 }, { user: 1, from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }] },
    ),
    reply: Type.Object(
      { messages: Type.Array(Message) },
      {
        examples: [
          {
            messages: [
              {
                order_id: 12,
                user_id: 1,
                status: 'payed',
                message: 'Order 12 is paid.',
                moment: '2025-06-01T10:00:00.000Z',
              },
            ],
          },
        ],
      },
    ),
    refusals: [],
    run: async (call, body) => {
      const answer = await getHistory(deps, call, {
        userId: userIdOf(body.user),
        from: momentOf(body.from),
        to: momentOf(body.to),
      })
      if (!answer.ok) return answer
      const messages = answer.value.map(({ orderId, userId, status, message, moment }) => ({
        order_id: int64ToJson(orderId),
        user_id: int64ToJson(userId),
        status: rpcStatus(status),
        message,
        moment: toRfc3339(moment),
      }))
      return ok({ messages })
    },
  })

  app.get('/api/v1/notifications', {
    summary: 'What you were told',
    description:
      'Your own history, the newest first: orders, parcels, your wallet and your account. What follows is told by `/api/v1/notifications/stream`.',
    tags: ['notices'],
    guard: 'signed_in',
    query: Type.Object(pageQuery),
    reply: listOf(Notification),
    run: async ({ tenantId }, { query, identity }) => {
      const userId = accountBehind(identity)
      const page = pageOf(query)
      const { notices, total } = await deps.store.read((tx) => noticePage(tx, { tenantId, userId }, page))
      return ok(listReply(notices.map(notificationOf), page, total))
    },
  })

  const listen = listenRoute(deps, httpDeps, (request, seconds) => app.app.server?.timeout(request, seconds))
  app.otherwise((method, path) => {
    if (path !== listenPath) return undefined
    return method === 'GET' ? listen : notListening
  })
  return app
}

/** Reads what the schema let through. */
function momentOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseRfc3339(text)
}
