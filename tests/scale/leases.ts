//! Who holds the leases of a service, as its database says.
import postgres, { type Sql } from 'postgres'

export type Leases = AsyncDisposable & {
  /** The process that holds it now; undefined while nobody has taken it. */
  holder(lease: string): Promise<number | undefined>
  /** Waits until another process than `pid` holds it; answers which. */
  takenFrom(lease: string, pid: number, withinMs: number): Promise<number>
}

const pollMs = 20

export function leasesIn(url: string): Leases {
  const sql: Sql = postgres(url, { max: 1, onnotice: () => undefined })

  async function holder(lease: string): Promise<number | undefined> {
    // `<service> <pid> <id>`
    const [row] = await sql<{ holder: string }[]>`select holder from leases where name = ${lease}`
    const pid = Number(row?.holder.split(' ')[1])
    return Number.isInteger(pid) ? pid : undefined
  }

  return {
    holder,
    async takenFrom(lease, pid, withinMs) {
      const endsAt = performance.now() + withinMs
      for (;;) {
        const found = await holder(lease)
        if (found !== undefined && found !== pid) return found
        if (performance.now() > endsAt) throw new Error(`${lease} is held by ${found} after ${withinMs} ms`)
        await Bun.sleep(pollMs) // nobody is told when a lease changes hands
      }
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  }
}
