//! How the demo speaks: numbered steps, what was asked and answered, the facts, and whether it came out as told.
import { defaultCurrency, money, toDecimal } from '../../contracts/money.ts'
import type { Shop } from './shop.ts'

export type Exchange = {
  readonly service: string
  /** POST unless told. */
  readonly method?: string
  readonly path: string
  readonly body: unknown
  readonly status: number
  readonly reply: unknown
}

export type Teller = {
  /** A line of its own, before anything happens. */
  say(text: string): void
  title(words: string): void
  story(title: string, words: string): void
  step(words: string): void
  exchange(exchange: Exchange): void
  fact(type: string, words: string): void
  /** Something that was promised: whether it is so. */
  check(isSo: boolean, words: string): void
  next(shop: Shop): void
  /** The stories cannot go on. */
  failed(error: unknown): void
  /** The last line; answers the exit code. */
  end(): number
  /** Nothing is said from now on. */
  mute(): void
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Style = keyof typeof styles

/** `1 234.50 ₴`. */
export function priceOf(kopecks: number): string {
  const [whole = '', fraction = ''] = toDecimal(money(kopecks, defaultCurrency)).split('.')
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, ' ')}.${fraction} ₴`
}

/** Colours only where a person looks on. */
export function createTeller(
  out: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Teller {
  const inColour = out.isTTY === true && !env.NO_COLOR
  const startedAt = performance.now()
  const counts = { stories: 0, steps: 0, checks: 0, failures: 0 }
  const paint = (style: Style, text: string) => (inColour ? `\x1b[${styles[style]}m${text}\x1b[0m` : text)
  let isMute = false
  const mute = () => {
    isMute = true
  }
  // Whoever reads may have read enough; the checks go on.
  out.on('error', mute)
  const line = (text = '') => void (isMute || out.write(`${text}\n`))
  const detail = (text: string) => line(`       ${text}`)

  const say = (text: string) => line(paint('dim', text))
  return {
    say,
    title: say,
    story(title, words) {
      counts.stories += 1
      counts.steps = 0
      line()
      line(paint('bold', `${counts.stories}. ${title}`))
      line(`   ${words}`)
    },
    step(words) {
      counts.steps += 1
      line()
      line(`   ${paint('bold', `${counts.stories}.${counts.steps}`)} ${words}`)
    },
    exchange({ service, method = 'POST', path, body, status, reply }) {
      const sent = body === undefined ? '' : ` ${JSON.stringify(body)}`
      detail(`→ ${paint('yellow', service)} ${method} ${path}${sent}`)
      detail(paint('dim', `← ${service} ${status} ${JSON.stringify(shortened(reply))}`))
    },
    fact: (type, words) => detail(`${paint('cyan', `! ${type}`)} ${words}`),
    check(isSo, words) {
      counts.checks += 1
      if (!isSo) counts.failures += 1
      detail(isSo ? paint('green', `✓ ${words}`) : paint('red', `✗ not so: ${words}`))
    },
    next({ url, isOwn }) {
      line()
      line(paint('bold', 'What to look at next'))
      if (isOwn)
        line('   bun run dev        the same shop on its usual ports, until Ctrl-C; it prints its addresses')
      else line(`   ${url('loms')}/swagger   every operation of a service, to be tried out in the browser`)
      line('   loms/http.ts → loms/operations/create-order.ts → loms/domain/order.ts')
      line('                      the way of an order, from the door to the rules')
      line('   contracts/events/loms.ts   every fact that loms announces')
      line('   tests/journeys     the same stories and worse ones, as tests')
    },
    failed(error) {
      counts.failures += 1
      line()
      const words = error instanceof Error ? error.message : String(error)
      line(paint('red', `The story ends here: ${words}`))
    },
    end() {
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      const isWell = counts.failures === 0 && counts.stories === 4
      line()
      line(
        isWell
          ? paint('green', `All ${counts.checks} checks came out as told, in ${seconds} s.`)
          : paint('red', `${counts.failures} of ${counts.checks} checks did not come out as told.`),
      )
      return isWell ? 0 : 1
    },
    mute,
  }
}

/** What every problem document repeats is left out, so that the rest is seen. */
function shortened(reply: unknown): unknown {
  if (typeof reply !== 'object' || reply === null || !('code' in reply)) return reply
  const {
    type: _type,
    title: _title,
    instance: _instance,
    status: _status,
    ...rest
  } = reply as Record<string, unknown>
  const { request_id: _id, ...words } = rest
  return words
}
