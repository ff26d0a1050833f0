//! The whole demo: a shop, four stories in it, and what to look at next.
import { type FollowedFacts, followFacts } from './facts.ts'
import { openOwnShop, type Shop, shopThatRuns } from './shop.ts'
import { buy, leaveUnpaid, refuse } from './stories.ts'
import { createTeller, type Teller } from './teller.ts'
import { buyFromWallet } from './wallet-story.ts'

export type DemoOptions = {
  /** In the shop of `bun run dev`, in place of one of its own. */
  readonly running: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: NodeJS.WriteStream
  /** Aborted when it is to end before its end. */
  readonly until: AbortSignal
}

const interrupted = 130

/** Tells the stories; answers the exit code, which is 0 only when every step came out as told. */
export async function demo({ running, env, out, until }: DemoOptions): Promise<number> {
  const teller = createTeller(out, env)
  const shop = running ? await shopThatRuns(env) : await openOwnShop(teller)
  const stopped = new Promise<number>((resolve) => {
    const stop = () => {
      teller.mute()
      resolve(interrupted)
    }
    until.addEventListener('abort', stop)
    if (until.aborted) stop()
  })
  try {
    return await Promise.race([told(teller, shop), stopped])
  } finally {
    await shop.stop()
  }
}

async function told(teller: Teller, shop: Shop): Promise<number> {
  const facts: FollowedFacts = await followFacts(shop.natsUrl)
  try {
    teller.title(shop.words)
    const stage = { teller, shop, facts }
    await buy(stage)
    await leaveUnpaid(stage, await refuse(stage))
    await buyFromWallet(stage)
    teller.next(shop)
  } catch (error) {
    // The teller has counted what went wrong in the story; anything else is told here.
    teller.failed(error)
  } finally {
    await facts.close()
  }
  return teller.end()
}
