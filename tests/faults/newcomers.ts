//! People who make themselves an account, and ask again until it is made: accounts tells the others of each.
import { canary } from '../harness/canary.ts'
import type { TestSystem } from '../harness/system.ts'
import { post } from './shop.ts'

export type Newcomers = {
  readonly count: number
  /** Resolves when so many more have an account. */
  come(count: number): Promise<void>
}

/** For accounts: passwords are hashed as cheaply as may be, and everybody comes from one address. */
export const newcomersEnv = {
  ACCOUNTS_ARGON2_MEMORY_KIB: '1024',
  ACCOUNTS_ARGON2_PASSES: '1',
  ACCOUNTS_REGISTRATIONS_PER_ADDRESS: '1000000',
}

const patienceMs = 20_000

export function newcomersTo(system: Pick<TestSystem, 'url'>): Newcomers {
  const made = { count: 0 }
  const register = async (login: string) => {
    const endsAt = performance.now() + patienceMs
    for (;;) {
      const body = { login, password: canary('password of a newcomer') }
      const reply = await post(`${system.url('accounts')}/api/v1/register`, body).catch(() => undefined)
      // Taken by themselves, where the answer was lost.
      if (reply?.status === 201 || reply?.body.code === 'login_taken') return
      if (performance.now() > endsAt)
        throw new Error(`${login} has no account: ${JSON.stringify(reply?.body)}`)
      await Bun.sleep(20)
    }
  }
  return {
    get count() {
      return made.count
    },
    async come(count) {
      for (let each = 0; each < count; each += 1) {
        made.count += 1
        await register(`newcomer-${made.count}`)
      }
    },
  }
}
