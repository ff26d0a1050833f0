//! Small disks of a test's own, which can be full and can lose their power: they need root and a system that mounts.
import { dlopen, FFIType, ptr } from 'bun:ffi'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { type FileHandle, mkdir, mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { isRunning } from '../harness/gone.ts'

export type Volume = AsyncDisposable & {
  /** Where it is mounted. */
  readonly path: string
}

/** A tmpfs: what is on it is gone with it. */
export type SmallVolume = Volume & {
  /** Takes all space that is left. */
  fill(): Promise<void>
  /** Gives it back. */
  free(): Promise<void>
}

/** An ext4 file system in an image, with its own journal. */
export type PoweredVolume = Volume & {
  /** As when the power goes: nothing more is written, and what was not written yet never is. Not even the journal is flushed. */
  cutPower(): void
  /** Mounts it anew, as a start of the machine does: with what had been written. Nobody may have a file open on it. */
  restorePower(): Promise<void>
}

const prefix = 'kiosk-volume-'

/** Why there can be no volumes here; undefined where there can. */
export async function whyNoVolumes(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'volumes of a test are mounted on Linux only'
  if (userInfo().uid !== 0) return 'only root may mount'
  return await whyNot(async () => {
    await using _ = await makeSmallVolume(1)
  })
}

/** Why there can be none that loses its power; undefined where there can. */
export async function whyNoPoweredVolumes(): Promise<string | undefined> {
  const missing = ['mkfs.ext4', 'losetup'].filter((program) => Bun.which(program, { PATH: paths }) === null)
  if (missing.length > 0) return `${missing.join(' and ')} is not installed`
  return (
    (await whyNoVolumes()) ??
    (await whyNot(async () => {
      await using volume = await makePoweredVolume(16)
      volume.cutPower()
      await volume.restorePower()
    }))
  )
}

async function whyNot(trial: () => Promise<void>): Promise<string | undefined> {
  try {
    await trial()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export async function makeSmallVolume(megabytes: number): Promise<SmallVolume> {
  const { folder, path } = await makeFolder()
  await run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', path)
  const balloon = join(path, 'balloon')
  return {
    path,
    async fill() {
      const file = await open(balloon, 'w')
      try {
        // To the last block, also of what others give back meanwhile.
        for (const bytes of [1024 * 1024, 4096]) await writeUntilFull(file, Buffer.alloc(bytes))
      } finally {
        await file.close()
      }
    },
    free: () => rm(balloon, { force: true }),
    [Symbol.asyncDispose]: () => remove(folder, path),
  }
}

async function writeUntilFull(file: FileHandle, block: Uint8Array): Promise<void> {
  for (;;) {
    try {
      const { bytesWritten } = await file.write(block)
      if (bytesWritten < block.length) return
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOSPC') return
      throw error
    }
  }
}

export async function makePoweredVolume(megabytes: number): Promise<PoweredVolume> {
  // The image in memory: what a loss of power takes is what ext4 had not written to it, and that is quicker to wait for.
  const ground = await makeSmallVolume(megabytes + 16)
  const image = join(ground.path, 'image')
  const path = join(ground.path, 'mounted')
  const mount = () => run('mount', '-o', 'loop', image, path)
  try {
    await mkdir(path)
    await Bun.write(image, '')
    await truncate(image, megabytes * 1024 * 1024)
    await run('mkfs.ext4', '-q', '-F', image)
    await mount()
  } catch (error) {
    await ground[Symbol.asyncDispose]()
    throw error
  }
  return {
    path,
    cutPower: () => shutDown(path),
    async restorePower() {
      await run('umount', path)
      await mount()
    },
    [Symbol.asyncDispose]: () => ground[Symbol.asyncDispose](),
  }
}

// linux/fs/ext4/ext4.h: _IOR('X', 125, __u32), and "going down" without flushing the log.
const ext4IocShutdown = 0x8004587dn
const noLogFlush = 2

function shutDown(path: string): void {
  const libc = dlopen('libc.so.6', {
    ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  })
  const directory = openSync(path, 'r')
  try {
    const answer = libc.symbols.ioctl(directory, ext4IocShutdown, ptr(new Uint32Array([noLogFlush])))
    if (answer !== 0) throw new Error(`${path} cannot be shut down: EXT4_IOC_SHUTDOWN was refused`)
  } finally {
    closeSync(directory)
    libc.close()
  }
}

/** The name tells whose it is, so that what a killed test has left behind is cleared away by the next one. */
async function makeFolder(): Promise<{ readonly folder: string; readonly path: string }> {
  await clearLeftovers()
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  const path = join(folder, 'mounted')
  await mkdir(path)
  return { folder, path }
}

async function clearLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN)
    if (Number.isInteger(owner) && !isRunning(owner))
      await remove(join(tmpdir(), name), join(tmpdir(), name, 'mounted'))
  }
}

async function remove(folder: string, path: string): Promise<void> {
  // `-l`: also where something on it is held open still; it goes when that is closed.
  for (const each of [join(path, 'mounted'), path]) if (isMounted(each)) await run('umount', '-l', each)
  await rm(folder, { recursive: true, force: true })
}

const isMounted = (path: string) =>
  existsSync('/proc/mounts') &&
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === path)

const paths = `${process.env.PATH}:/usr/sbin:/sbin`

async function run(...command: string[]): Promise<void> {
  const child = Bun.spawn(command, {
    env: { ...process.env, PATH: paths },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const problems = await child.stderr.text()
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${problems.trim()}`)
}

/** Everything that is made meanwhile in the temporary folder is made on the volume. */
export async function madeOn<T>(volume: Volume, make: () => Promise<T>): Promise<T> {
  const before = process.env.TMPDIR
  process.env.TMPDIR = volume.path
  try {
    return await make()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}
