//! The saga of an order that is paid from the wallet: how far it has come, what news make of it, what is to be asked next. Pure.
import type { RejectReason } from './order.ts'

/**
 * `holding` and `delivering`: another service is being asked (orchestration). `waiting`: their facts are awaited
 * (choreography). `capturing`: the order is confirmed, from here on only forward. `undoing`: it is not to be had, and
 * what was done is taken back.
 */
export const sagaStates = [
  'holding',
  'delivering',
  'waiting',
  'capturing',
  'undoing',
  'done',
  'undone',
] as const
export type SagaState = (typeof sagaStates)[number]

export const sagaModes = ['orchestration', 'choreography'] as const
export type SagaMode = (typeof sagaModes)[number]

export type Progress = {
  readonly state: SagaState
  /** In choreography the two may come in any order. */
  readonly held: boolean
  readonly accepted: boolean
  readonly reason: RejectReason | null
}

/** What came of a step. */
export type News =
  | { readonly kind: 'held' }
  | { readonly kind: 'accepted' }
  /** `note`: what whoever refused it said of it. */
  | { readonly kind: 'refused'; readonly reason: RejectReason; readonly note?: string }
  | { readonly kind: 'captured' }
  | { readonly kind: 'undone' }
  /** The order was called off, or its time was over, while the saga was on its way. */
  | { readonly kind: 'order gone' }

/** How the saga goes on, and what becomes of the order in the same transaction. */
export type Turn = { readonly progress: Progress; readonly order?: 'confirm' | 'reject' }

/** Where a new saga begins. Nothing has to be held for an order that costs nothing. */
export function begin(mode: SagaMode, isFree: boolean): Progress {
  const orchestrated = isFree ? 'delivering' : 'holding'
  const state = mode === 'choreography' ? 'waiting' : orchestrated
  return { state, held: isFree, accepted: false, reason: null }
}

/** News that are of no use in this state, a repeat among them, change nothing: undefined. */
export function turn(progress: Progress, news: News): Turn | undefined {
  switch (progress.state) {
    case 'holding':
      if (news.kind === 'held') return { progress: { ...progress, held: true, state: 'delivering' } }
      return refusedOrGone(progress, news, 'undoing')
    case 'delivering':
      if (news.kind === 'accepted')
        return { progress: { ...progress, accepted: true, state: 'capturing' }, order: 'confirm' }
      return refusedOrGone(progress, news, 'undoing')
    case 'waiting':
      if (news.kind === 'held') return together({ ...progress, held: true })
      if (news.kind === 'accepted') return together({ ...progress, accepted: true })
      // Whoever has done something for the order hears of its end and takes it back.
      return refusedOrGone(progress, news, 'undone')
    case 'capturing':
      return news.kind === 'captured' ? { progress: { ...progress, state: 'done' } } : undefined
    case 'undoing':
      return news.kind === 'undone' ? { progress: { ...progress, state: 'undone' } } : undefined
    case 'done':
    case 'undone':
      return undefined
  }
}

function refusedOrGone(progress: Progress, news: News, state: 'undoing' | 'undone'): Turn | undefined {
  if (news.kind === 'order gone') return { progress: { ...progress, state } }
  if (news.kind !== 'refused') return undefined
  return { progress: { ...progress, state, reason: news.reason }, order: 'reject' }
}

// In choreography billing captures when it hears of the confirmation.
function together(progress: Progress): Turn {
  return progress.held && progress.accepted
    ? { progress: { ...progress, state: 'done' }, order: 'confirm' }
    : { progress }
}

/** What another service is to be asked. */
export type Step = 'hold' | 'deliver' | 'capture' | 'undo'

export function stepOf(state: SagaState): Step | undefined {
  switch (state) {
    case 'holding':
      return 'hold'
    case 'delivering':
      return 'deliver'
    case 'capturing':
      return 'capture'
    case 'undoing':
      return 'undo'
    case 'waiting':
    case 'done':
    case 'undone':
      return undefined
  }
}
