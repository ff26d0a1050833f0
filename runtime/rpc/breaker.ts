//! Stops asking a service that does not answer, and lets one question at a time find out whether it does again.
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel'
import { type Clock, type Instant, plusMs } from '../../contracts/time.ts'

export type BreakerState = 'closed' | 'half_open' | 'open'

export type Breaker<T> = {
  /** Undefined, at once, where nobody is asked now. */
  run(ask: () => Promise<T>): Promise<T | undefined>
}

const states = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const satisfies Record<CircuitState, BreakerState>

/** Opens after `failuresMax` failures in a row, for `openMs`. */
export function breakerOf<T>(options: {
  failuresMax: number
  openMs: number
  isFailure: (outcome: T) => boolean
  onState: (state: BreakerState) => void
  now: Clock
}): Breaker<T> {
  const { failuresMax, openMs, isFailure, onState, now } = options
  let openUntil: Instant | undefined
  const policy = circuitBreaker(
    // Every outcome that the policy sees was made by `ask` below.
    handleWhenResult((outcome) => isFailure(outcome as T)),
    {
      breaker: new ConsecutiveBreaker(failuresMax),
      // cockatiel waits by the wall clock, and a step of it by a day back would keep the breaker open for a day.
      halfOpenAfter: Number.NEGATIVE_INFINITY,
    },
  )
  policy.onBreak(() => {
    openUntil = plusMs(now(), openMs)
  })
  policy.onStateChange((state) => onState(states[state]))

  return {
    run: async (ask) => {
      // While one question probes, cockatiel would have the others wait for its end, however early their own deadline.
      if (policy.state === CircuitState.HalfOpen) return undefined
      if (policy.state === CircuitState.Open && openUntil !== undefined && now() < openUntil) return undefined
      return await policy.execute(ask)
    },
  }
}
