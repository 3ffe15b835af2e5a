import { decimalParts } from './span';

/** A reported value whose column stands on the decimal point, with its unit in grey. */
export function Value({ text, unit }: { text: string; unit?: string }) {
  const parts = decimalParts(text);
  return (
    <span class="value">
      {parts ? (
        <span class="value-number">
          <span class="value-whole">
            {parts.sign && <span class="value-sign">{parts.sign}</span>}
            {parts.whole}
          </span>
          <span class="value-rest">{parts.rest}</span>
        </span>
      ) : (
        <span class="value-text">{text}</span>
      )}
      {unit && <span class="value-unit">{unit}</span>}
    </span>
  );
}
