//! A wall clock that can be set, for processes of a test: libfaketime stands between them and the system's.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type FakedClock = AsyncDisposable & {
  /** For the processes that go by it. */
  readonly env: Readonly<Record<string, string>>
  /** Sets it, so many hours off the true time. */
  set(hours: number): Promise<void>
}

// Debian's folder has the machine's name in it; those of others have not.
const places = ['lib/*', 'lib', 'lib64'].map((folder) => `${folder}/faketime/libfaketimeMT.so.1`)

const findLibrary = (): string | undefined =>
  places.flatMap((place) => [...new Bun.Glob(place).scanSync({ cwd: '/usr', absolute: true })])[0]

/** What one process needs to see the clock so many hours off, whatever is set later. */
export const envOf = (hours: number): Record<string, string> => ({
  LD_PRELOAD: findLibrary() ?? '',
  FAKETIME: offsetOf(hours),
  ...wallClockOnly,
})

// Time within a process is measured by the monotonic clock, which nobody can set.
const wallClockOnly = { DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' }

const offsetOf = (hours: number) => `${hours < 0 ? '' : '+'}${hours}h`

/** Why no clock can be set here; undefined where one can. */
export async function whyNoFakedClock(): Promise<string | undefined> {
  if (process.platform !== 'linux' || findLibrary() === undefined)
    return 'libfaketime (Debian package faketime) is not installed'
  const program = 'console.log(Date.now())'
  const child = Bun.spawn([process.execPath, '-e', program], { env: { ...process.env, ...envOf(24) } })
  const offMs = Number(await child.stdout.text()) - Date.now()
  return Math.abs(offMs - 24 * 60 * 60 * 1000) < 60_000 ? undefined : 'libfaketime does not reach bun here'
}

export async function makeFakedClock(): Promise<FakedClock> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-clock-'))
  const file = join(folder, 'offset')
  const set = async (hours: number) => {
    await Bun.write(file, offsetOf(hours))
  }
  await set(0)
  return {
    env: {
      LD_PRELOAD: findLibrary() ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      // Who runs already sees each step at once.
      FAKETIME_NO_CACHE: '1',
      ...wallClockOnly,
    },
    set,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
