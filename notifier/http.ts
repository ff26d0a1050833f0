//! notifier over HTTP, inside the network only: what a customer was told.
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../contracts/errors.ts'
import { rpcStatus } from '../contracts/order-status.ts'
import { Int64Schema, int64ToJson, userIdOf } from '../contracts/scalars.ts'
import { type Instant, parseRfc3339, toRfc3339 } from '../contracts/time.ts'
import { createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { getHistory, noticesMax } from './operations/get-history.ts'

const Moment = (description: string) =>
  Type.String({ maxLength: 64, description: `RFC 3339; ${description}` })

const Message = Type.Object({
  order_id: Int64Schema,
  user_id: Int64Schema,
  status: Type.String({ description: 'awaiting payment, payed, failed or cancelled' }),
  message: Type.String(),
  moment: Type.String({ description: 'When the order changed: RFC 3339, UTC.' }),
})

export function http(deps: Pick<Deps, 'store'>, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)

  app.post('/history', {
    summary: 'What a customer was told about their orders',
    description: `Newest first, and at most the newest ${noticesMax}: narrow the time to see what came before them.`,
    tags: ['notices'],
    guard: 'service',
    body: Type.Object(
      {
        user: Int64Schema,
        from: Type.Optional(Moment('inclusive. Without it, from the first notice.')),
        to: Type.Optional(Moment('exclusive. Without it, to the last notice.')),
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
      const from = momentOf('/from', body.from)
      const to = momentOf('/to', body.to)
      const errors = [from, to].flatMap(({ error }) => error ?? [])
      if (errors.length > 0) return fail('invalid_argument', { errors })
      const answer = await getHistory(deps, call, { userId: userIdOf(body.user), from: from.at, to: to.at })
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

  return app
}

type Read = { readonly at?: Instant; readonly error?: { readonly path: string; readonly message: string } }

function momentOf(path: string, text: string | undefined): Read {
  if (text === undefined) return {}
  const at = parseRfc3339(text)
  return at === undefined ? { error: { path, message: 'must be a moment in RFC 3339' } } : { at }
}
