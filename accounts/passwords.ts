//! Passwords: hashed by argon2id, as many at once as the machine bears, and never quicker for a login that nobody has.
import { BulkheadRejectedError, bulkhead } from 'cockatiel'
import { Refusal } from '../runtime/refusal.ts'
import { preparedPassword } from './domain/password.ts'

export type Passwords = {
  /** Both are refused with `overloaded` (thrown) while too many wait. */
  hash(password: string): Promise<string>
  /** Takes as long, and answers no, where there is no hash: nobody learns from the time which logins there are. */
  verify(password: string, hash: string | undefined): Promise<boolean>
  /** True for a hash that was made with other parameters than ours today. */
  isOutdated(hash: string): boolean
}

export type PasswordOptions = {
  readonly memoryKib: number
  readonly passes: number
  /** Each takes a core, a thread of Bun's pool and `memoryKib`. */
  readonly atOnce: number
  readonly waiting: number
}

export async function createPasswords(options: PasswordOptions): Promise<Passwords> {
  const { memoryKib, passes, atOnce, waiting } = options
  const slots = bulkhead(atOnce, waiting)
  const inSlot = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await slots.execute(run)
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error
      throw new Refusal('overloaded', 'too many passwords wait to be hashed', { cause: error })
    }
  }
  const make = (password: string) =>
    Bun.password.hash(preparedPassword(password), {
      algorithm: 'argon2id',
      memoryCost: memoryKib,
      timeCost: passes,
    })
  const nobodys = await make(crypto.randomUUID())

  return {
    hash: (password) => inSlot(() => make(password)),
    async verify(password, hash) {
      const matches = await inSlot(() =>
        Bun.password.verify(preparedPassword(password), hash ?? nobodys, 'argon2id'),
      )
      return matches && hash !== undefined
    },
    isOutdated: (hash) => parametersOf(hash) !== parametersOf(nobodys),
  }
}

/**
 * As many hashes at once as leave a thread of Bun's pool, which has one a core and two at least: tokens are signed and
 * checked in it too, and would wait for whole hashes. Two are as many as one needs.
 */
export const hashesAtOnce = (cores: number): number => Math.max(1, Math.min(2, cores - 1))

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` without salt and hash. */
const parametersOf = (hash: string): string => hash.split('$').slice(0, 4).join('$')
