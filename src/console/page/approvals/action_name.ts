import { tOr } from '../text';

/** A repair or another action that needs a second person, in words. */
export function actionName(action: string): string {
  return tOr(`repair.${action}`, tOr(`action.${action}`, action.replaceAll('-', ' ')));
}
