//! Waiting until a service says that it is ready.

/** Asks `/health/ready` until it answers 200; false when `until` is aborted or the time is over first. */
export async function waitForReady(
  url: string,
  wait: { timeoutMs: number; until: AbortSignal },
): Promise<boolean> {
  const pollMs = 20
  const endsAt = performance.now() + wait.timeoutMs
  while (!wait.until.aborted && performance.now() < endsAt) {
    if (await isReady(`${url}/health/ready`)) return !wait.until.aborted
    await Bun.sleep(pollMs)
  }
  return false
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(1_000),
      keepalive: false,
      redirect: 'error',
    })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    // Nobody listens yet, or it is too busy to answer: both are "not yet", and the caller bounds the wait.
    return false
  }
}
