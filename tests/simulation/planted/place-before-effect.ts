//! A reader whose place moves on in one transaction and whose effects are written in the next.
import type { Planted } from './planted.ts'

export const placeBeforeEffect: Planted = {
  async meddle({ params, run, split }) {
    const done = await run()
    // The step of a place from where it was.
    if ('fromSequence' in params) split()
    return done
  },
}
