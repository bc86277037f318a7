//! Fetching, running the scripts, and writing: each environment whole or not at all.

use std::path::PathBuf;
use std::time::Duration;

use common::clock;
use common::console::Console;
use common::lock::Lock;
use common::receipt::Receipt;
use common::report::UpdateOutcome;
use common::settings::Settings;
use common::state_dir::StateDir;
use jiff::Timestamp;

use crate::delivery::{self, Delivery, Store, Wanted};
use crate::dockerfile;
use crate::environment::{self, Turn};
use crate::error::Error;
use crate::network::Network;
use crate::plan::{Driver, Environment, Plan};
use crate::scripted;
use crate::transaction;

/// How long another update of the same clone may take before we give up on it.
const PATIENCE: Duration = Duration::from_mins(10);

/// The clone that is worked in.
#[derive(Debug)]
pub struct Workplace {
    pub state: StateDir,
    pub store: Store,
    _lock: Lock,
}

impl Workplace {
    /// The clone of `settings`, for us alone, with what an earlier run may have left ended.
    pub fn enter(settings: &Settings, console: &Console) -> Result<Self, Error> {
        let state = StateDir::open(&settings.root)?;
        let lock = Lock::take(&state.dir("locks")?.join("update"), PATIENCE, console)?;
        transaction::recover(&settings.root, &state, console)?;
        let store = Store::open(&state, settings)?;
        Ok(Self { state, store, _lock: lock })
    }
}

/// Where the files come from.
#[derive(Debug)]
pub enum Supply {
    /// The servers.
    Network(Box<Network>),
    /// What was delivered before.
    Store,
}

/// Carries out `plan`.
pub fn apply(
    plan: &Plan,
    settings: &Settings,
    supply: Supply,
    (workplace, console): (&Workplace, &Console),
) -> Result<UpdateOutcome, Error> {
    let now = clock::now();
    let version = settings.cal_version.to_string();
    // Before any child is started, so that until here a signal simply ends us.
    let mut supplies = deliver(plan, &version, supply, (workplace, now, console))?.into_iter();
    let repo = transaction::repository(&settings.root, console)?;
    let requester = environment::requester(repo.as_ref())?;
    let turn = Turn {
        settings,
        version: &version,
        now,
        workplace,
        console,
        repo: repo.as_ref(),
        requester: &requester,
    };
    let mut environments = Vec::new();
    for environment in &plan.environments {
        environments.push(match &environment.driver {
            Driver::Nothing => environment::untouched(environment),
            Driver::Script(call) => scripted::update(environment, call, turn)?,
            Driver::Declared(declared) => {
                let supply = supplies.next().expect("there is one for each declared environment");
                environment::update(environment, declared, supply, turn)?
            }
        });
    }
    let generated = plan.dockerfile.as_ref();
    let dockerfile = generated
        .map(|generated| dockerfile::write(generated, settings, &workplace.state, console))
        .transpose()?;
    Ok(UpdateOutcome { environments, dockerfile })
}

/// What each declared environment gets, in order, with the receipt of an earlier time if it is replayed.
fn deliver(
    plan: &Plan,
    version: &str,
    supply: Supply,
    (workplace, now, console): (&Workplace, Timestamp, &Console),
) -> Result<Vec<(Delivery, Option<Receipt>)>, Error> {
    let declared: Vec<(Wanted<'_>, &PathBuf)> =
        plan.environments.iter().filter_map(|environment| wanted(environment, version, console)).collect();
    let network = match supply {
        Supply::Network(network) => network,
        Supply::Store => {
            let replayed = declared.iter().map(|(wanted, dir)| {
                let (delivery, receipt) = delivery::replay(*wanted, dir, &workplace.store)?;
                Ok((delivery, Some(receipt)))
            });
            return replayed.collect();
        }
    };
    let wanted: Vec<Wanted<'_>> = declared.into_iter().map(|(wanted, _)| wanted).collect();
    let mut deliveries = delivery::gather(&wanted, *network, now, console)?;
    if version == "latest" {
        delivery::commits(&mut deliveries, console)?;
    }
    Ok(deliveries.into_iter().map(|delivery| (delivery, None)).collect())
}

fn wanted<'a>(
    environment: &'a Environment,
    version: &'a str,
    console: &Console,
) -> Option<(Wanted<'a>, &'a PathBuf)> {
    let Driver::Declared(declared) = &environment.driver else { return None };
    if let Some(profile) = declared.profile {
        console.notice(format_args!(
            "{}: its update-requirements is known; the profile {profile} does the same, checked and whole \
             (--run-scripts runs the script instead)",
            environment.name
        ));
    }
    Some((Wanted { environment: &environment.name, mode: &declared.mode, version }, &environment.dir))
}
