//! Idempotency keys while loms is killed under load, also between commit and reply: one order a key, and ever the same answer.
import { expect, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Reply, type Shop, settled, shopOf } from './shop.ts'

type Request = {
  readonly key: string
  readonly body: { user: number; items: { sku: number; count: number }[] }
}
type Answered = { readonly request: Request; readonly reply: Reply; readonly tries: number }

const keys = roundsOf(500)
const parallel = 16
/** As many as are asked side by side are under way at each kill. */
const answersBetweenKillsMax = 90
const popular = 2001
const single = 2010

/** Every tenth asks for more than there is: a refusal is an answer too, and its order is kept as failed. */
const requestOf = (number: number): Request => ({
  key: `order-${number}`,
  body: { user: number, items: [{ sku: number % 10 === 0 ? single : popular, count: 2 }] },
})

async function untilAnswered(shop: Shop, request: Request, chance: Chance): Promise<Answered> {
  for (let tries = 1; ; tries += 1) {
    const reply = await shop.create(request.body, { key: request.key }).catch(() => undefined)
    if (reply !== undefined && [200, 412].includes(reply.status)) return { request, reply, tries }
    if (reply !== undefined && reply.status !== 503) throw new Error(`answered ${JSON.stringify(reply)}`)
    await Bun.sleep(chance.between(50, 150))
  }
}

async function answerAll(
  { shop, chance }: { readonly shop: Shop; readonly chance: Chance },
  requests: readonly Request[],
  onAnswered?: (count: number) => void,
): Promise<Answered[]> {
  const left = requests.values()
  const answered: Answered[] = []
  const oneAfterAnother = async () => {
    for (const request of left) {
      answered.push(await untilAnswered(shop, request, chance))
      onAnswered?.(answered.length)
    }
  }
  await Promise.all(Array.from({ length: parallel }, oneAfterAnother))
  return answered
}

const bodyOf = ({ reply }: Answered) => ({ status: reply.status, body: reply.body })

test(
  `${keys} keys are each answered once and for all while loms is killed again and again`,
  async () => {
    const chance = chanceOf('idempotency')
    await using system = await startSystem({ seed: true })
    const shop = shopOf(system)
    const requests = Array.from({ length: keys }, (_, index) => requestOf(index + 1))

    const caller = { shop, chance }
    let kills = 0
    let killAt = chance.between(1, answersBetweenKillsMax)
    let killing = Promise.resolve()
    const killNow = async () => {
      kills += 1
      // At any moment of the next commit, not right after the one that was answered.
      await Bun.sleep(chance.between(0, 10))
      await system.kill('loms')
      await system.start('loms')
    }
    const first = await answerAll(caller, requests, (count) => {
      if (count < killAt) return
      killAt = count + chance.between(1, answersBetweenKillsMax)
      killing = killing.then(killNow)
    })
    await killing

    // A key that was committed before its answer was lost is told by the answer that came in the end.
    const recovered = first.filter(({ reply }) => reply.replayed).length
    const again = await answerAll(caller, requests)
    const byKey = new Map(first.map((answered) => [answered.request.key, answered]))
    for (const each of again) {
      const before = byKey.get(each.request.key)
      expect(before && bodyOf(before)).toEqual(bodyOf(each))
      expect(each.reply.replayed).toBe(true)
    }
    const other = await shop.create({ user: 1, items: [{ sku: popular, count: 3 }] }, { key: 'order-1' })
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })

    const tries = first.reduce((sum, answered) => sum + answered.tries, 0)
    expect(kills).toBeGreaterThan(0)
    const refused = requests.filter(({ body }) => body.items[0]?.sku === single).length
    const { ok, output, counts } = await settled(system)
    expect(ok ? '' : output).toBe('')
    expect(counts).toMatchObject({
      orders: keys,
      'orders failed': refused,
      'orders pending': keys - refused,
      'idempotency keys of loms': keys,
    })
    counted(11, { keys, kills, tries, 'answers that a kill had swallowed': recovered })
  },
  timeoutMsOf(keys, 200),
)
