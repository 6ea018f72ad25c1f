import { CHAMBER_KEYS, chamberFacts, type State } from '@communique-tee/protocol';
import { fill, text } from '../text/text';
import { Details } from '../ui/details';
import { FieldSet, SelectField, TextField } from '../ui/field';
import { CheckBox } from '../ui/radio-group';
import { errorOf } from './attempt';
import { idOf, OFFICE_CODES_ID } from './fields';
import { NO_DISTRICT, seats, state, toggleSeat, values } from './form';
import { fieldProps } from './form-fields';
import { districtName, seatName } from './seat-name';
import { districtsOf, sharedSeats } from './seats';

const FINDER = 'https://www.house.gov/representatives/find-your-representative';

/** Lists the state's offices by name. The table is part of this page, so the page sends the address nowhere. */
export function OfficesField() {
  const words = text.value.write.offices;
  const chosen = state.value;
  const byCode = values.offices.value.trim() !== '';
  const error = errorOf('offices');
  return (
    <section class="group" aria-labelledby="offices-title">
      <h3 id="offices-title">{words.title}</h3>
      {chosen === undefined ? (
        <p class="note">{words.chooseState}</p>
      ) : (
        <SeatsOf state={chosen} error={byCode ? undefined : error} />
      )}
      <Details summary={words.byCode} open={byCode}>
        <TextField
          id={OFFICE_CODES_ID}
          label={words.codes}
          hint={fill(words.codesHint, { examples: exampleCodes(chosen ?? 'CA') })}
          error={byCode ? error : undefined}
          spellcheck={false}
          value={values.offices.value}
          onInput={(typed) => {
            values.offices.value = typed;
          }}
        />
      </Details>
    </section>
  );
}

function SeatsOf({ state: of, error }: { readonly state: State; readonly error: string | undefined }) {
  const { write, places } = text.value;
  const words = write.offices;
  const districts = districtsOf(of);
  const shared = sharedSeats(of);
  return (
    <>
      {districts.length > 0 && (
        <>
          <SelectField
            {...fieldProps({ name: 'district' })}
            options={[
              { value: '', label: words.chooseDistrict },
              ...districts.map((seat) => ({ value: seat.code, label: districtName(seat) })),
              { value: NO_DISTRICT, label: words.noDistrict },
            ]}
          />
          <p class="hint">
            {words.findDistrict}{' '}
            <a href={FINDER} target="_blank" rel="noopener noreferrer">
              {words.findLink}
            </a>
          </p>
        </>
      )}
      <FieldSet id={idOf('offices')} label={fill(words.shared, { state: places[of] })} error={error} required>
        {({ id }) => (
          <div class="options column">
            {shared.map((seat, at) => (
              <CheckBox
                key={seat.code}
                id={at === 0 ? id : undefined}
                label={seatName(seat)}
                checked={seats.value.includes(seat.code)}
                onInput={(checked) => {
                  toggleSeat(seat.code, checked);
                }}
              />
            ))}
          </div>
        )}
      </FieldSet>
    </>
  );
}

/** Returns one code of each chamber: `HCA01, SCA01`. */
function exampleCodes(of: State): string {
  return CHAMBER_KEYS.flatMap((chamber) => chamberFacts(chamber).offices(of).slice(0, 1)).join(', ');
}
