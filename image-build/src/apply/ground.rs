//! What a mission's own images are built upon: the base and the image that all missions share.

use std::path::PathBuf;

use common::lock::Lock;
use common::report::{BuiltImage, ImageIdentity};

use super::PATIENCE;
use super::chain::Build;
use super::images::{Made, Standing, unchanged};
use crate::error::Error;
use crate::key::{Chain, Forecast, Record, place};

/// What the mission's own images are built upon.
pub(super) struct Ground {
    pub(super) base: ImageIdentity,
    /// What becomes of the images upon that base.
    pub(super) forecast: Forecast,
    pub(super) common: Common,
    /// While it is held, nobody else gives the shared image's name to another one.
    pub(super) _shared: Lock,
}

/// What became of the shared image.
pub(super) enum Common {
    /// It is not needed: the image above all stands.
    Needless,
    /// It stood.
    Stood(Made),
    /// It was built.
    New(Made),
}

impl Ground {
    /// Whether the shared image was built just now.
    pub(super) const fn common_is_new(&self) -> bool {
        matches!(self.common, Common::New(_))
    }
}

impl Build<'_> {
    /// Sees that there are a base image and a shared one that are those wanted, and that they stay.
    pub(super) fn ground(&mut self, forecast: &Forecast, chain: &Chain) -> Result<Ground, Error> {
        let shared = self.shared()?;
        if let Some(base) = self.base_known(forecast)? {
            let upon =
                forecast.clone().upon(&base.id, (self.settings(), chain), &self.records, self.asked)?;
            self.bring(upon.result())?;
            if let Some(common) = self.standing_common(&upon, chain)? {
                self.base_stands(&forecast.base);
                return Ok(Ground { base, forecast: upon, common, _shared: shared });
            }
        }
        drop(shared);
        loop {
            let alone = self.alone()?;
            let base = self.base(Some(&forecast.base))?;
            let upon =
                forecast.clone().upon(&base.id, (self.settings(), chain), &self.records, self.asked)?;
            self.bring(upon.result())?;
            if self.standing(upon.result())?.is_none() {
                self.bring(&upon.images[0])?;
            }
            let common = match self.standing_common(&upon, chain)? {
                Some(common) => common,
                None => Common::New(self.common(&upon.images[0], &base, chain)?),
            };
            if self.plan.repacks {
                // Such a build removes what is below as soon as it can, so nobody may build beside it.
                return Ok(Ground { base, forecast: upon, common, _shared: alone });
            }
            drop(alone);
            let shared = self.shared()?;
            if self.is_still(&common)? {
                return Ok(Ground { base, forecast: upon, common, _shared: shared });
            }
            self.console.status("another build gave the shared image's name away; once more");
        }
    }

    /// The base, if it is there, or was when everything upon it was built that still stands.
    fn base_known(&self, forecast: &Forecast) -> Result<Option<ImageIdentity>, Error> {
        if let Some(base) = self.standing(&forecast.base)? {
            return Ok(Some(base.image));
        }
        // A build that repacks removes the base when it is done with it.
        let record = forecast.base.record.as_ref().filter(|_| self.plan.repacks && forecast.stands());
        let gone =
            |record: &Record| Some(ImageIdentity { name: record.image.clone(), id: record.id.clone()? });
        Ok(record.and_then(gone))
    }

    /// The only one who may change the images that missions share.
    pub(super) fn alone(&self) -> Result<Lock, Error> {
        Ok(Lock::take(&self.shared_lock()?, PATIENCE, self.console)?)
    }

    fn shared(&self) -> Result<Lock, Error> {
        Ok(Lock::share(&self.shared_lock()?, PATIENCE, self.console)?)
    }

    fn shared_lock(&self) -> Result<PathBuf, Error> {
        let place = place().map(|place| format!("-{place}")).unwrap_or_default();
        Ok(self.state.dir("locks")?.join(format!("build-common{place}")))
    }

    fn standing_common(&self, forecast: &Forecast, chain: &Chain) -> Result<Option<Common>, Error> {
        if self.standing(forecast.result())?.is_some() {
            return Ok(Some(Common::Needless));
        }
        let outlook = &forecast.images[0];
        let Some(Standing { image, adopted }) = self.standing(outlook)? else { return Ok(None) };
        let context = unchanged(&self.plan.common.request.context, outlook, chain)?;
        Ok(Some(Common::Stood(Made { image, context, adopted })))
    }

    /// The shared image, built if it does not stand, whether or not an image above needs it.
    pub(super) fn common_or_standing(
        &mut self,
        forecast: &Forecast,
        base: &ImageIdentity,
        chain: &Chain,
    ) -> Result<BuiltImage, Error> {
        let outlook = &forecast.images[0];
        self.bring(outlook)?;
        if let Some(Standing { image, adopted }) = self.standing(outlook)? {
            self.skip("common");
            let context = unchanged(&self.plan.common.request.context, outlook, chain)?;
            return Ok(Made { image, context, adopted }.reported());
        }
        Ok(self.common(outlook, base, chain)?.reported())
    }

    fn is_still(&self, common: &Common) -> Result<bool, Error> {
        let (Common::Stood(made) | Common::New(made)) = common else { return Ok(true) };
        let facts = self.engine.inspect(&made.image.name, self.console)?;
        Ok(facts.is_some_and(|facts| facts.id == made.image.id))
    }
}
