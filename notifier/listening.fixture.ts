//! For tests: a notifier on a free port that is listened to.
import type { Listening } from '../runtime/http.ts'
import { Ear } from '../tests/harness/ear.ts'
import type { Notice } from './domain/notice.ts'
import { httpDeps, listenDeps, openNotifier } from './fixture.ts'
import { http } from './http.ts'
import type { ListenDeps } from './listen-route.ts'
import { listenPath } from './listen-route.ts'
import { printNotices } from './print-notices.ts'
import { putNotice } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'

export type ListenedTo = AsyncDisposable & {
  readonly store: NotifierStore
  readonly deps: ListenDeps
  readonly listening: Listening
  /** As main.ts closes it. */
  close(graceMs: number): Promise<void>
  /** Written as the reader of facts writes. */
  write(...notices: Notice[]): Promise<void>
  ask(token: string | undefined, headers?: Record<string, string>, search?: string): Promise<Response>
  /** Listens from now on, or from what it is told; resolves when it is let in. */
  listen(token: string, headers?: Record<string, string>, search?: string): Promise<Ear>
}

export async function startListenedTo({
  store: given,
  ...own
}: Partial<ListenDeps> = {}): Promise<ListenedTo> {
  const store = given ?? (await openNotifier())
  const deps = listenDeps(store, own)
  const { log } = httpDeps()
  const printing = printNotices(store, log, (notice) => deps.listeners.wake(notice))
  const listening = http(deps, httpDeps()).listen({ host: '127.0.0.1', port: 0 })
  const ask: ListenedTo['ask'] = (token, headers = {}, search = '') =>
    fetch(`${listening.url}${listenPath}${search}`, {
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    })
  let closing: Promise<void> | undefined
  const close = (graceMs: number) => {
    deps.listeners.close()
    closing ??= listening.close(graceMs)
    return closing
  }
  return {
    store,
    deps,
    listening,
    ask,
    write: (...notices) =>
      printing.store.write(async (tx) => {
        for (const notice of notices) {
          await putNotice(tx, notice)
          printing.noted(tx, notice)
        }
      }),
    async listen(token, headers, search) {
      const response = await ask(token, headers, search)
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
      const ear = new Ear(response)
      await ear.next()
      return ear
    },
    close,
    async [Symbol.asyncDispose]() {
      await close(1_000)
      if (given === undefined) await store.close()
    },
  }
}
