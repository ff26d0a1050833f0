//! Nobody writes down when a saga is to be taken up again: with the process that drives it, it is forgotten.
import type { Planted } from './planted.ts'

export const forgottenSaga: Planted = {
  async meddle({ params, run }) {
    return await run('retryAt' in params ? { ...params, retryAt: null } : params)
  },
}
