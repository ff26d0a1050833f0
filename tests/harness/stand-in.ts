//! Other services that are stood in for: every question and every answer is checked against the contract, and may get lost.
import { Value } from '@sinclair/typebox/value'
import { fail, type Result } from '../../contracts/errors.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import type { RpcClient } from '../../runtime/rpc.ts'

/**
 * What becomes of a question: it is answered; it does not arrive; it is lost on the way, or its answer is, and nobody
 * knows which; or whoever asks dies, before the question has arrived or after it was carried out.
 */
export type Fate =
  | 'answered'
  | 'away'
  | 'question lost'
  | 'answer lost'
  | 'asker dies before'
  | 'asker dies after'

/** As far as the store is concerned, what fails here is as dead as a process: it writes nothing more. */
export class AskerDied extends Error {}

/** What is asked of it is remembered; what it knows and answers is its own. */
export abstract class StandIn<Name extends string> implements RpcClient {
  readonly asked: { readonly method: Name; readonly request: Record<string, unknown> }[] = []
  fateOf: (method: Name, nth: number) => Fate = () => 'answered'
  /** Awaited while the question is on its way. */
  meanwhile: (method: Name) => Promise<unknown> = async () => undefined
  readonly #methods: readonly RpcMethod[]

  /** `methods` are those of the names. */
  constructor(methods: readonly RpcMethod[]) {
    this.#methods = methods
  }

  /** The request is typed as what suits every method; its schema has let it pass. */
  protected abstract answer(method: Name, request: never): Result<unknown>

  async ask<M extends RpcMethod>(method: M, _: unknown, request: RequestOf<M>): Promise<Result<ReplyOf<M>>> {
    const known = this.#methods.find(({ subject }) => subject === method.subject)
    // What is not JSON does not get through.
    const arrived = JSON.parse(JSON.stringify(request)) as never
    if (known === undefined || !Value.Check(known.request, arrived))
      throw new Error(`not a question: ${method.subject} ${JSON.stringify(arrived)}`)
    const name = method.method as Name
    this.asked.push({ method: name, request: arrived })
    await this.meanwhile(name)
    const fate = this.fateOf(name, this.asked.length)
    if (fate === 'asker dies before') throw new AskerDied()
    if (fate === 'away') return fail('unavailable')
    if (fate === 'question lost') return fail('deadline_exceeded')
    const answer = this.answer(name, arrived)
    if (answer.ok && !Value.Check(known.reply, answer.value))
      throw new Error(`not an answer: ${method.subject} ${JSON.stringify(answer.value)}`)
    if (fate === 'answer lost') return fail('deadline_exceeded')
    if (fate === 'asker dies after') throw new AskerDied()
    return answer as Result<ReplyOf<M>>
  }
}
