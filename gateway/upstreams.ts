//! Where the services stand: several addresses with weights, so that a canary is one line of settings.

export type Target = {
  /** `http://host:port`. */
  readonly url: string
  /** Its share of the requests, in proportion to the others. */
  readonly weight: number
}

const targetPattern = /^(https?:\/\/[^\s/,=?#@]+)\/?(?:=(\d{1,5}))?$/

/** `http://127.0.0.1:8081=95,http://127.0.0.1:18081=5`; a weight left out is 1. Undefined where it is not of that form. */
export function parseTargets(text: string): readonly Target[] | undefined {
  const targets: Target[] = []
  for (const part of text.split(',')) {
    const [, address = '', weight = '1'] = targetPattern.exec(part.trim()) ?? []
    const url = URL.parse(address)
    if (url === null || url.pathname !== '/') return undefined
    targets.push({ url: url.origin, weight: Number(weight) })
  }
  return targets.some(({ weight }) => weight > 0) ? targets : undefined
}

type Share<T> = { readonly target: T; readonly weight: number; current: number }

/**
 * Takes turns by weight, spread as evenly as they can be (nginx's smooth weighted round robin): of 95 to 5 every
 * twentieth is the other one, and not five in a row.
 */
export function turnsOf<T extends { readonly weight: number }>(
  targets: readonly T[],
): (mayBe: (target: T) => boolean) => T | undefined {
  const shares: Share<T>[] = targets
    .filter(({ weight }) => weight > 0)
    .map((target) => ({ target, weight: target.weight, current: 0 }))
  const [only] = shares
  if (shares.length === 1 && only !== undefined) {
    return (mayBe) => (mayBe(only.target) ? only.target : undefined)
  }

  return (mayBe) => {
    let total = 0
    let best: Share<T> | undefined
    for (const share of shares) {
      if (!mayBe(share.target)) continue
      share.current += share.weight
      total += share.weight
      if (best === undefined || share.current > best.current) best = share
    }
    if (best === undefined) return undefined
    best.current -= total
    return best.target
  }
}
