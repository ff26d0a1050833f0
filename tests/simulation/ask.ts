//! Asks other services as `rpcClient` does, but for its breaker: what a breaker keeps from being asked is not simulated.
import { FormatRegistry } from '@sinclair/typebox'
import { fail, isErrorCode, ok, type Result } from '../../contracts/errors.ts'
import type { ReplyOf } from '../../contracts/rpc/define.ts'
import { parseRfc3339, plusMs } from '../../contracts/time.ts'
import { remainingMs } from '../../runtime/call.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Nats } from '../../runtime/nats.ts'
import { exchange, tryMinMs } from '../../runtime/rpc/exchange.ts'
import { shapeOf } from '../../runtime/rpc/shape.ts'
import { readAnswer } from '../../runtime/rpc/wire.ts'
import type { RpcClient } from '../../runtime/rpc.ts'
import type { Process } from './process.ts'

// In every process of ours it is what surrounds HTTP that knows the format.
FormatRegistry.Set('date-time', (text) => parseRfc3339(text) !== undefined)

export function clientOf(process: Process, nats: Nats, log: Logger): RpcClient {
  const { now, sleep, random } = process
  return {
    async ask(method, call, request, options): Promise<Result<ReplyOf<typeof method>>> {
      const waitMs = Math.min(method.timeoutMs, remainingMs(call, now) - 10)
      if (waitMs < tryMinMs) return fail('deadline_exceeded')
      const payload = Buffer.from(JSON.stringify(request))
      const deadlineAt = plusMs(now(), waitMs)
      const question = { method, call, payload, deadlineAt, idempotencyKey: options?.idempotencyKey }
      const outcome = await exchange({ nats, log, now, sleep, random }, question)
      if (outcome.kind !== 'answered') return outcome.refusal
      const answer = readAnswer(outcome.reply)
      if (answer === undefined) throw new Error(`an answer to ${method.subject} is not of our protocol`)
      if (!answer.ok) return isErrorCode(answer.code) ? fail(answer.code, answer.details) : fail('internal')
      const errors = shapeOf(method.reply)(answer.value)
      if (errors.length > 0) throw new Error(`an answer to ${method.subject} is not of the shape promised`)
      return ok(answer.value as ReplyOf<typeof method>)
    },
  }
}
